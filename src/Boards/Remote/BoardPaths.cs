namespace Halo.Boards.Remote;

/// <summary>The control requests that a board process serves; a model is named in the query: <c>?model=</c>.</summary>
public static class BoardPaths
{
    /// <summary>What all of them begin with; everything below is sealed.</summary>
    public const string Prefix = "/control";

    /// <summary>POST, served by a head process: a board wants to be taken into service.</summary>
    public const string Join = Prefix + "/join";

    internal const string Attach = Prefix + "/attach";
    internal const string Detach = Prefix + "/detach";
    internal const string Models = Prefix + "/models";
    internal const string Statistics = Prefix + "/statistics";
    internal const string Links = Prefix + "/links";
    internal const string Plans = Prefix + "/plans";
    internal const string Commit = Prefix + "/plans/commit";
    internal const string Retire = Prefix + "/plans/retire";
    internal const string Abandon = Prefix + "/plans/abandon";
    internal const string Register = Prefix + "/shards/register";
    internal const string Unregister = Prefix + "/shards/unregister";
    internal const string Slices = Prefix + "/slices";
    internal const string KvExport = Prefix + "/kv/export";
    internal const string KvImport = Prefix + "/kv/import";
    internal const string Sessions = Prefix + "/sessions";
    internal const string Close = Prefix + "/sessions/close";
}
