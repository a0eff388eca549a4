"""What servers share that are programs of the system: started, ended with us, watched, and read."""
