-- What changed in the tables of extension/sql/20_tables.sql since 1.0, table by table (extension/upgrade/README.md).

ALTER TABLE evently.stock ADD COLUMN of_section boolean NOT NULL DEFAULT true;
ALTER TABLE evently.hold ADD COLUMN pools uuid[];
ALTER TABLE evently.booking ADD COLUMN pools uuid[];

ALTER TABLE evently.event ADD COLUMN policy_version integer;
ALTER TABLE evently.booking ADD COLUMN policy_version integer;
ALTER TABLE evently.ticket ADD COLUMN cancellation_id uuid, ADD COLUMN fee numeric;
ALTER TABLE evently.ticket ADD CONSTRAINT ticket_valid_or_cancelled CHECK ((fee IS NULL) = (cancellation_id IS NULL)
	AND (cancelled_at IS NOT NULL OR cancellation_id IS NULL) AND fee BETWEEN 0 AND price);
ALTER TABLE evently.cancellation DROP CONSTRAINT cancellation_event_id_booking_id_key;
ALTER TABLE evently.event ADD COLUMN organiser_id uuid;

ALTER TABLE evently.venue_section ADD COLUMN description text
	CONSTRAINT venue_section_description_check CHECK (length(description) <= 2000);
ALTER TABLE evently.event ADD COLUMN has_ticket_types boolean NOT NULL DEFAULT false;
ALTER TABLE evently.hold ADD COLUMN ticket_type_id uuid;
ALTER TABLE evently.booking ADD COLUMN ticket_type_id uuid;
ALTER TABLE evently.event ADD COLUMN max_tickets_per_user integer
	CONSTRAINT event_max_tickets_per_user_check CHECK (max_tickets_per_user > 0);
ALTER TABLE evently.hold ADD COLUMN reason text, ADD COLUMN renewals integer NOT NULL DEFAULT 0;
DROP INDEX evently.event_type_start;

ALTER TABLE evently.event_section ADD COLUMN focal_x numeric, ADD COLUMN focal_y numeric;
UPDATE evently.event_section c SET focal_x = s.x, focal_y = s.y
FROM (SELECT event_id, section_id, (min(x) + max(x)) / 2 AS x, min(y) AS y FROM evently.event_seat GROUP BY 1, 2) s
WHERE s.event_id = c.event_id AND s.section_id = c.section_id;
ALTER TABLE evently.event ADD COLUMN is_cancelling boolean NOT NULL DEFAULT false;
ALTER TABLE evently.event ADD COLUMN document tsvector GENERATED ALWAYS AS (setweight(to_tsvector('simple', name), 'A')
		|| setweight(to_tsvector('simple', coalesce(event_type, '')), 'B')
		|| array_to_tsvector(array_remove(array_remove(tags, ''), NULL))
		|| setweight(to_tsvector('simple', coalesce(description, '')), 'C')) STORED;
ALTER TABLE evently.event ADD COLUMN sale_status text
	CONSTRAINT event_sale_status_check CHECK (sale_status IN ('upcoming', 'on_sale', 'sold_out'));
ALTER TABLE evently.event
	ADD COLUMN waiting integer NOT NULL DEFAULT 0 CONSTRAINT waiting_counted CHECK (waiting >= 0),
	ADD COLUMN last_position bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN evently.event.waiting IS 'Active waitlist entries that any section serves. While there are some, nobody else is served.';
COMMENT ON COLUMN evently.event.last_position IS 'The position that the last waitlist entry got.';

ALTER TABLE evently.event_section
	ADD COLUMN waiting integer NOT NULL DEFAULT 0 CONSTRAINT waiting_counted CHECK (waiting >= 0);
COMMENT ON COLUMN evently.event_section.waiting IS 'Active waitlist entries for this section. While there are some, nobody else is served from it.';

ALTER TABLE evently.hold ADD COLUMN entry_id uuid;
COMMENT ON COLUMN evently.hold.entry_id IS 'The waitlist entry that this hold is an offer to.';
