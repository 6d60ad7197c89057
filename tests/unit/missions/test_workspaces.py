from tests.unit.missions.lane_missions import make_project
def test_x(repository):
    m = make_project(repository, {1: (), 2: (), 3: (1, 2)})
    print(m.root)
    import subprocess
    m.deliver("WP01"); m.deliver("WP02"); m.deliver("WP03")
    from specify_cli.missions.acceptance import accept_mission
    from specify_cli.missions.merge import merge_mission
    print(accept_mission(m.project, m.mission, actor="ada").to_text())
    print(merge_mission(m.project, m.mission, actor="ada", dry_run=True).to_text())
    r = merge_mission(m.project, m.mission, actor="ada", target="main")
    print(r.to_text()); print(r.to_json())
    print(subprocess.run("git log --graph --oneline --all; git status; ls -a .worktrees; git show main --stat; cat kitty-specs/*/meta.json kitty-specs/*/status.json; git branch -a", shell=True, cwd=m.root, capture_output=True, text=True).stdout)
    print("\n".join(map(str,m.rows()[-8:])))
    assert 0
