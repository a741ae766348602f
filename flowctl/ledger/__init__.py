"""The order log: who is where in the order, and why; nothing in it can be taken back unseen."""
