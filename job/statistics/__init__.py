"""Statistics over the stored rows, in SQL. They know evaluation through Parquet and the plan alone."""

from job.statistics.database import query
from job.statistics.reference import published
from job.statistics.stats import Summary, summarise

__all__ = ["Summary", "published", "query", "summarise"]
