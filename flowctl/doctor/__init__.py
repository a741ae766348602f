"""What is fit for a gate and what is not: looks of a few questions, and a mend for each answer."""
