# The rooms and their arrows: "room: rooms it may include".  The build links by this table and tests/arrows holds the
# sources to it; CONTRIBUTING.md says in words what each room is.
ROOM_base     :=
ROOM_link     := base
ROOM_model    := base link
ROOM_doc      := base
ROOM_facts    := base
ROOM_plan     := base link
ROOM_kernel   := base link
ROOM_keeper   :=
ROOM_serve    := base
ROOM_relay    := base link
ROOM_seal     := base
ROOM_authority := base link plan
ROOM_load     := base link doc model
ROOM_rules    := base model
ROOM_lower    := base link model plan
ROOM_explain  := base model
ROOM_service  := base model plan
ROOM_fault    := base link model plan facts
ROOM_probe    := base model kernel facts
ROOM_score    := base model facts
ROOM_lab      := base link plan kernel keeper
ROOM_exercise := base model facts plan fault probe score lab
ROOM_report   := base link model facts score lab exercise
ROOM_director := base link model doc load rules plan lower service authority fault facts probe score exercise report kernel lab keeper
ROOM_cmd      := base link model doc load rules plan lower explain service authority fault facts probe score exercise report kernel lab keeper director seal

ROOMS := base link seal model doc facts plan kernel load rules lower explain service authority fault probe score lab exercise report director cmd
