"""What runs say: the best one, what tells runs apart, a run in few words, SQL over runs. Above the Api, below every surface."""
