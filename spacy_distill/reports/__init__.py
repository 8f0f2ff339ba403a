"""Reports: score tables, model cards and charts."""
