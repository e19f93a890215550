"""What will run, written once and read by all: prompt blocks, chunks, part names, the plan file."""
