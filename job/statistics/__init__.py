"""Statistics over the stored rows, in SQL. They depend on the plan and the Parquet files alone."""

from job.statistics.compare import Comparison, Side, compare
from job.statistics.query import query
from job.statistics.reference import published
from job.statistics.summarise import Summary, summarise

__all__ = ["Comparison", "Side", "Summary", "compare", "published", "query", "summarise"]
