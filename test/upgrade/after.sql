-- After pg_upgrade, connected to an empty database: prints what is wrong with the upgraded one, `evently`, whose rows were :rows.
\i sql/include/catalogue.psql
CREATE EXTENSION evently CASCADE;
SELECT pg_temp.catalogue() AS fresh \gset
\c evently
\i sql/include/catalogue.psql
-- The body of verify() is a parsed one: the text that 15 made of it has its parentheses elsewhere.
SELECT d FROM pg_temp.differences(pg_temp.catalogue(), :'fresh') d WHERE d NOT LIKE 'function evently.verify() differs.%';
SELECT 'rows', pg_temp.digest() WHERE pg_temp.digest() <> :'rows';
SELECT * FROM evently.verify();
SELECT 'not sold', b.status FROM evently.event e, evently.book(e.event_id, e.event_id, quantity => 1) b
WHERE e.name = 'club' AND b.status <> 'confirmed';
SELECT * FROM evently.verify();
