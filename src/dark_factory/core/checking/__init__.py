"""Problems in what a user wrote: finding them by a schema, and putting them into words."""
