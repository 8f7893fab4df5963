"""Reading what tools and scenarios left behind as passed, failed, errored or skipped."""
