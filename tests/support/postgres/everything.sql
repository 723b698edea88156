-- One of everything that a dump has to carry, and 562 users, as in runbook 5.
CREATE SCHEMA "Odd ""names""";
CREATE TYPE mood AS ENUM ('sad', 'fine', 'it''s "great"');
CREATE TYPE address AS (street text, zip varchar(10));
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE TYPE span AS RANGE (subtype = float8);

CREATE TABLE users (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email text NOT NULL UNIQUE,
    name varchar(80) COLLATE "C",
    mood mood DEFAULT 'fine',
    created timestamptz NOT NULL DEFAULT now()
);
INSERT INTO users (email, name, mood) SELECT 'user' || n || '@example.org', 'Nr. ' || n, (ARRAY['sad', 'fine']::mood[])[n % 2 + 1]
    FROM generate_series(1, 562) n;

CREATE TABLE types (
    id serial PRIMARY KEY,
    a boolean, b smallint, c integer, d bigint, e numeric(30, 10), f real, g double precision, h money, i char(5), j varchar, k text,
    l bytea, m date, n time, o timetz, p timestamp, q timestamptz, r interval, s uuid, t json, u jsonb, v inet, w cidr, x macaddr,
    y bit(8), z varbit, aa point, ab line, ac box, ad polygon, ae circle, af tsvector, ag tsquery, ah int4range, ai tstzmultirange,
    aj integer[], ak text[][], al mood, am address, an positive, ao span, ap xml, aq oid,
    generated integer GENERATED ALWAYS AS (c - 1) STORED
);
INSERT INTO types (a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, aa, ab, ac, ad, ae, af, ag, ah, ai, aj, ak,
    al, am, an, ao, aq)
VALUES (true, -32768, 2147483647, -9223372036854775808, 12345678901234567890.0123456789, 'NaN', '-Infinity', 12.34, 'abc', '', E'tab\t\\nul\nü𝄞',
    '\x00ff10', '4713-01-01 BC', '23:59:59.999999', '12:00+02', 'infinity', '2026-11-29 04:00+00', '1 year -2 mons 3.5 s',
    'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"a": [1, null]}', '{"b": {"c": 1e100}}', '::1', '10.0.0.0/8', '08:00:2b:01:02:03', B'10101010',
    B'1', '(1,2)', '{1,2,3}', '(1,1),(0,0)', '((0,0),(1,1),(1,0))', '<(0,0),1>', 'a fat cat', 'fat & cat', '[1,10)',
    '{[2026-01-01 00:00+00,2026-02-01 00:00+00)}', '{1,NULL,3}', '{{a,"b c"},{NULL,""}}', 'it''s "great"', '("Main St.",12345)', 7,
    '[1.5,2.5]', 16384),
    (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);

CREATE TABLE events (user_id bigint REFERENCES users ON DELETE CASCADE, at timestamptz NOT NULL, what text) PARTITION BY RANGE (at);
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE events_rest PARTITION OF events DEFAULT;
CREATE INDEX ON events (user_id, at);
INSERT INTO events SELECT n % 562 + 1, '2025-06-01'::timestamptz + n * interval '1 hour', md5(n::text) FROM generate_series(1, 20000) n;

CREATE TABLE "Odd ""names"""."a.b*" ("Select" integer PRIMARY KEY, "ä""ö" text);
INSERT INTO "Odd ""names"""."a.b*" SELECT n, repeat(md5(n::text), 20) FROM generate_series(1, 5000) n;

-- Two tables that are cyclic: their foreign keys can only be added after the rows.
CREATE TABLE left_side (id integer PRIMARY KEY, other integer);
CREATE TABLE right_side (id integer PRIMARY KEY, other integer REFERENCES left_side DEFERRABLE INITIALLY DEFERRED);
ALTER TABLE left_side ADD FOREIGN KEY (other) REFERENCES right_side DEFERRABLE INITIALLY DEFERRED;
BEGIN;
INSERT INTO left_side VALUES (1, 1);
INSERT INTO right_side VALUES (1, 1);
COMMIT;

CREATE SEQUENCE tickets START 1000 INCREMENT 7 MINVALUE 10 CYCLE;
SELECT nextval('tickets'), nextval('tickets');
CREATE UNLOGGED TABLE scratch AS SELECT 1 AS one;

CREATE VIEW happy AS SELECT id, email FROM users WHERE mood = 'fine';
CREATE MATERIALIZED VIEW per_user AS SELECT user_id, count(*) FROM events GROUP BY user_id;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.created := now(); RETURN NEW; END $$;
CREATE TRIGGER touched BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch();
CREATE FUNCTION add(integer, integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 + $2';
CREATE AGGREGATE total(integer) (SFUNC = add, STYPE = integer, INITCOND = '0');
CREATE STATISTICS correlated ON a, c FROM types;
COMMENT ON TABLE users IS 'people; it''s "important"';

CREATE ROLE app_owner;
CREATE ROLE app_reader;
ALTER TABLE users OWNER TO app_owner;
GRANT SELECT ON users TO app_reader;
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON users FOR SELECT TO app_reader USING (email = current_user);
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO app_reader;

SELECT lo_from_bytea(0, decode(repeat('c0ffee', 50000), 'hex')), lo_from_bytea(4711, ''::bytea);
GRANT SELECT ON LARGE OBJECT 4711 TO app_reader;
COMMENT ON LARGE OBJECT 4711 IS 'empty';
