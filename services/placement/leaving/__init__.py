"""A school leaves a campaign with all its groups, itself or through its centre."""
