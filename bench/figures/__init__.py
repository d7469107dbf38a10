"""The figures of ./dev bench, one module each: DOC, run(bench), and what they hand to the report."""
