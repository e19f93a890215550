-- A relation as a table. The text of a query is bound once so; as a relation of the Python API, twice.
CREATE TABLE {name} AS
{query}
