"""From the text of factory.toml to the settings: reading, rules, sources, and showing them again."""
