namespace Halo.Cli.Hosting;

/// <summary>A command cannot do what was asked; the message says what is wrong and what to do.</summary>
internal sealed class CommandFault(string message) : Exception(message);
