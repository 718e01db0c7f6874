-- Holds every table; people read the views in main.
CREATE SCHEMA store;
