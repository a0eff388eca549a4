"""What people saw, without a server at hand: what a server may mind, and which client to try next."""
