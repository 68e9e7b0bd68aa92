#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "picoapi.h"
#include "picoapid.h"
#include "picoos.h"
static void die(const char *what, int ret) { if (ret) { fprintf(stderr, "pico: %s: %d\n", what, ret); exit(1); } }
int main(int argc, char **argv) {
	char ta[300], sg[300], name[200];
	pico_System sys; pico_Resource rta, rsg; pico_Engine engine;
	snprintf(ta, 300, "%s_ta.bin", argv[1]); snprintf(sg, 300, "%s_sg.bin", argv[2]);
	die("start", pico_initialize(calloc(1, 8000000), 8000000, &sys));
	die(ta, pico_loadResource(sys, (pico_Char *)ta, &rta));
	die(sg, pico_loadResource(sys, (pico_Char *)sg, &rsg));
	die("voice", pico_createVoiceDefinition(sys, (pico_Char *)"v"));
	die("name", pico_getResourceName(sys, rta, name)); die("add", pico_addResourceToVoiceDefinition(sys, (pico_Char *)"v", (pico_Char *)name));
	die("name", pico_getResourceName(sys, rsg, name)); die("add", pico_addResourceToVoiceDefinition(sys, (pico_Char *)"v", (pico_Char *)name));
	die("engine", pico_newEngine(sys, (pico_Char *)"v", &engine));
	pico_Int16 left = strlen(argv[3]) + 1, sent, got, type; pico_Char *in = (pico_Char *)argv[3]; char out[256]; int status;
	while (left) {
		die("text", pico_putTextUtf8(engine, in, left, &sent));
		left -= sent; in += sent;
		do { status = pico_getData(engine, out, sizeof out, &got, &type); fwrite(out, 1, got, stdout); } while (status == PICO_STEP_BUSY);
		if (status != PICO_STEP_IDLE) die("sound", status);
	}
	return 0;
}
