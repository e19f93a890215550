"""One shard at work, from the plan to Parquet."""
