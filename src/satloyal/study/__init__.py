"""A study: a plan that can be inspected before anything runs, and its run."""
