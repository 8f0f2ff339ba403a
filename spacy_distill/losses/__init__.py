"""What is learned: the task loss, the distillation loss and how they are weighed."""
