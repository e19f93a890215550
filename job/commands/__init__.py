"""What each command does, and what it prints: results to standard output, the rest to standard error."""
