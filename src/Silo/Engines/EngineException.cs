namespace Halo.Silo.Engines;

/// <summary>This build's grain engine cannot do what was asked; the message says which can.</summary>
/// <param name="message">What was asked and what to do.</param>
public sealed class EngineException(string message) : Exception(message);
