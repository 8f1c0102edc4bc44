/* What `labctl new` writes: files with which an author begins.  @NAME@ stands for the name. */
#pragma once

extern const char template_topology[], template_scenario[];
