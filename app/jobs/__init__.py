"""Background work: a queue of tasks people started and APScheduler jobs, in their own process."""
