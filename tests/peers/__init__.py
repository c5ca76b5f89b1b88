"""Cold starts beside other tools, whole processes in one measurement; see test_start.py for the bars."""
