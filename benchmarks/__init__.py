"""Scripts that measure speed, memory and quality. Their results are stored in `recorded/` and used by the pages."""
