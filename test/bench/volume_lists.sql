SELECT count(p) FROM evently.list_events(published_only => true) p;
SELECT count(p) FROM evently.list_events_page(published_only => true) p;
SELECT count(p) FROM evently.list_events_page(published_only => true, city => 'city 7') p;
SELECT count(p) FROM evently.list_events_page(published_only => true, tags => '{tag77}') p;
SELECT count(p) FROM evently.list_events_page(published_only => true, q => 'ning abc') p;
SELECT count(p) FROM evently.search_events('jazz abc', published_only => true) p;
SELECT count(p) FROM evently.search_events('jazz', published_only => true) p;
SELECT count(p) FROM evently.search_events('jazz hall 77', published_only => true) p;
SELECT count(p) FROM evently.search_events('bllet evening', published_only => true) p;
