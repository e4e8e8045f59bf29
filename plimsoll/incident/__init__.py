"""The incident of 30 July 2024, falls by half and real crashes, replayed with the real contracts: `replay` runs them all."""
