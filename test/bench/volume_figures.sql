SELECT count(a) FROM evently.get_analytics_summary(refresh => true) a;
SELECT count(a) FROM evently.get_analytics_summary() a;
SELECT count(a) FROM (SELECT event_id FROM evently.event LIMIT 1) e, evently.get_event_analytics(e.event_id) a;
SELECT count(a) FROM evently.get_overall_analytics() a;
SELECT count(a) FROM evently.get_revenue('day') a;
SELECT count(a) FROM evently.get_popular_events() a;
SELECT count(a) FROM evently.get_user_analytics(md5('77')::uuid) a;
