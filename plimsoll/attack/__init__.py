"""What an attack on an asset's price costs, and what it could bring."""
