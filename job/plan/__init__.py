"""What will run, written once and read by all: asks, chunks, part names, the plan file."""
