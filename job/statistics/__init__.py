"""Statistics over the stored rows, in SQL. They know evaluation through Parquet and the plan alone."""

from job.statistics.stats import Summary, summarise

__all__ = ["Summary", "summarise"]
