"""Everything that happens to ink until it is a crop, as tensor operations on whole batches, on any device."""
