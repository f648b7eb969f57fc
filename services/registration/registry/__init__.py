"""The centre's register: which schools, hosts and offices it has, and who of them has entered."""
