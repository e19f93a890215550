"""What each command does and prints: results to standard output, all else to standard error."""
