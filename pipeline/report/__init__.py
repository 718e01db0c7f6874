"""What happened, for people who weren't there: reports of incidents and times, and bundles to take along."""
