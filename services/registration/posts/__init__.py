"""Who holds which post, as pages: accounts, invitations and sessions together."""
