using Orleans.Runtime;

namespace Orleans;

/// <summary>As upstream: marks the interface of a grain. Here every method returns a task or an async stream.</summary>
public interface IGrain : IAddressable;

/// <summary>As upstream: marks the interface of a grain whose key is a string.</summary>
public interface IGrainWithStringKey : IGrain;
