"""The campaigns that registration runs, as placement knows them."""
