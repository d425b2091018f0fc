SELECT naive.book('00000000-0000-0000-0000-000000000001', gen_random_uuid(), 1);
