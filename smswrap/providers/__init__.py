"""What is different between providers, and nothing else."""
