# The rooms and their arrows: "room: rooms it may include".  The build links by this table and tests/arrows holds the
# sources to it; CONTRIBUTING.md says in words what each room is.
ROOM_base     :=
ROOM_model    := base
ROOM_doc      := base
ROOM_facts    := base
ROOM_plan     := base
ROOM_kernel   := base
ROOM_keeper   :=
ROOM_serve    := base
ROOM_seal     := base
ROOM_authority := base plan
ROOM_load     := base doc model
ROOM_rules    := base model
ROOM_lower    := base model plan
ROOM_service  := base model plan
ROOM_fault    := base model plan facts
ROOM_probe    := base model kernel facts
ROOM_score    := base model facts
ROOM_lab      := base plan kernel keeper
ROOM_exercise := base model facts plan fault probe score lab
ROOM_report   := base model facts score lab exercise
ROOM_director := base model doc load rules plan lower service authority fault facts probe score exercise report kernel lab keeper
ROOM_cmd      := base model doc load rules plan lower service authority fault facts probe score exercise report kernel lab keeper director seal

ROOMS := base seal model doc facts plan kernel load rules lower service authority fault probe score lab exercise report director cmd
