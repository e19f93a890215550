"""Speed, memory and statistics, measured: programs of their own, each run from the repository's folder."""
