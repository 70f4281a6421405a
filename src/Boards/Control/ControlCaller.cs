using Microsoft.AspNetCore.Http;

namespace Halo.Boards.Control;

/// <summary>Who sent a control request.</summary>
/// <param name="Name">The caller's name.</param>
/// <param name="InstanceId">The caller's process.</param>
/// <param name="Session">The session it came in.</param>
/// <param name="Body">The plain body, in the buffer that it came in.</param>
public sealed record ControlCaller(string Name, string InstanceId, ControlSession Session, ReadOnlyMemory<byte> Body);

/// <summary>What handlers of control requests can ask.</summary>
public static class ControlCallerExtensions
{
    /// <summary>Who sent the request.</summary>
    /// <exception cref="InvalidOperationException">The endpoint is not one of <see cref="ControlEndpoints.MapHaloControl"/>.</exception>
    public static ControlCaller ControlCaller(this HttpContext context) =>
        context.Features.Get<ControlCaller>()
        ?? throw new InvalidOperationException($"{context.Request.Path} is served outside the control group, where nobody is known.");
}
