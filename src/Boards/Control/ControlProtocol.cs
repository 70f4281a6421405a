namespace Halo.Boards.Control;

/// <summary>
/// Names on the wire. A client says hello and finish to a board, both as JSON with a tag made with the cluster key, and has a session.
/// Every request after that carries the session's name, a fresh number and a proof of its head in headers; its body and the answer's are sealed.
/// </summary>
internal static class ControlProtocol
{
    internal const string HelloPath = "/halo/hello";
    internal const string FinishPath = "/halo/finish";
    internal const string SessionHeader = "Halo-Session";
    internal const string NumberHeader = "Halo-Number";
    internal const string ProofHeader = "Halo-Proof";
    internal const string Bytes = "application/octet-stream";
    internal const string Json = "application/json";
    internal const int NonceBytes = 32;
    internal const int MacBytes = 32;

    /// <summary>Most bytes of a handshake message or of a refusal.</summary>
    internal const int MaxMessageBytes = 8192;

    /// <summary>What a server signs to say that it does not know a session: no one else can make a client send a request twice.</summary>
    internal static Transcript UnknownSession(string session, ulong number, string instance) =>
        new Transcript().Add("halo unknown session").Add(session).Add((long)number).Add(instance);
}
