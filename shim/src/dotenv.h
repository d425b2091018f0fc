/*
 * The file .env: lines NAME=value, with blank lines, # comments, an optional "export" and quotes.
 *
 * dotenv_load() reads it once at start (no file is no error, a line that makes no sense ends the start);
 * dotenv_get() answers from it. The strings live as long as the program.
 */
#ifndef EV_DOTENV_H
#define EV_DOTENV_H

void dotenv_load(const char *path);
const char *dotenv_get(const char *name);

#endif
