"""Every table of the store, gathered so that migrations and tests see them all."""

from storage import schema, schema_jobs, schema_learning
from storage.base import Base

TABLE_MODULES = (schema, schema_jobs, schema_learning)
METADATA = Base.metadata
