"""Statistics over the stored rows, in SQL. They depend on the plan and the Parquet files alone."""

from job.statistics.query import query
from job.statistics.reference import published
from job.statistics.stats import Summary, summarise

__all__ = ["Summary", "published", "query", "summarise"]
