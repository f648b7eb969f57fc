"""What Docker Compose needs beside its file: secrets, and the two jobs that prepare the servers."""
