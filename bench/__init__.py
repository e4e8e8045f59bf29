"""Gas and code size of the contracts, beside the peers' published artifacts: see `bench.gas`."""
