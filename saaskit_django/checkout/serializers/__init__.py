"""What checkout requests contain, and how they are answered."""
