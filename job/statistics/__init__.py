"""Statistics over the stored rows, in SQL. They depend on the plan and the Parquet files alone."""
